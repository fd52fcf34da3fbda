// A short message centre on 127.0.0.1. Protocol, coding and concatenation are node-smpp's, not ours.
// It prints one JSON line for each thing that happens; numbers say how it treats a message:
//   …0000 accepted, then reported UNDELIV     …8888 refused (ESME_RINVDSTADR)
//   …9999 the first segment is throttled once (ESME_RTHROTTLED), then taken     others arrive (DELIVRD)
// A report that is not answered is kept, and comes again when its account binds the next time.
'use strict';

const smpp = require('smpp');
const [port, accounts] = process.argv.slice(2);
const passwords = new Map(accounts.split(',').map((one) => one.split(':')));
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const throttled = new Set();
const unanswered = new Map(); // id -> { account, report }
let count = 0;

function authorise(session, pdu) {
  const known = passwords.get(pdu.system_id) === pdu.password;
  say({ event: 'bind', account: pdu.system_id, command: pdu.command, accepted: known });
  session.send(pdu.response(known ? {} : { command_status: smpp.ESME_RBINDFAIL }));
  if (!known) {
    session.close();
    return;
  }
  session.account = pdu.system_id;
  if (pdu.command === 'bind_transmitter') return;
  for (const [id, one] of unanswered) if (one.account === session.account) tell(session, id);
}

function treatment(number) {
  if (number.endsWith('8888')) return smpp.ESME_RINVDSTADR;
  if (number.endsWith('9999') && !throttled.has(number)) {
    throttled.add(number);
    return smpp.ESME_RTHROTTLED;
  }
  return smpp.ESME_ROK;
}

function segment(pdu) {
  const udh = pdu.short_message.udh ? pdu.short_message.udh.map((one) => one.toString('hex')) : [];
  const length = pdu.short_message.message.length;
  return { text: pdu.short_message.message, udh, length, coding: pdu.data_coding };
}

function reportOn(pdu, id) {
  const arrived = !pdu.destination_addr.endsWith('0000');
  const text = `id:${id} sub:001 dlvrd:00${arrived ? 1 : 0} submit date:2603020900 done date:2603020901 ` +
    `stat:${arrived ? 'DELIVRD' : 'UNDELIV'} err:${arrived ? '000' : '011'} text:`;
  return {
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message: text,
    receipted_message_id: id,
    message_state: arrived ? 2 : 5,
  };
}

function tell(session, id) {
  session.deliver_sm(unanswered.get(id).report, (answer) => {
    say({ event: 'report', id, answer: answer.command_status });
    if (answer.command_status === smpp.ESME_ROK) unanswered.delete(id);
  });
}

function take(session, pdu) {
  const status = treatment(pdu.destination_addr);
  const id = `e2e-${++count}`;
  say({ event: 'submit', id, status, to: pdu.destination_addr, from: pdu.source_addr, ...segment(pdu) });
  session.send(pdu.response(status ? { command_status: status } : { message_id: id }));
  if (status || !(pdu.registered_delivery & 1)) return;
  unanswered.set(id, { account: session.account, report: reportOn(pdu, id) });
  tell(session, id);
}

const server = smpp.createServer((session) => {
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => authorise(session, pdu));
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => take(session, pdu));
  session.on('error', (error) => say({ event: 'error', why: String(error) }));
});

server.listen(Number(port), '127.0.0.1', () => say({ event: 'listening' }));
