// A short message centre on 127.0.0.1. Protocol, coding and concatenation are node-smpp's, not ours.
// It prints one JSON line for each thing that happens; numbers say how it treats a message:
//   …0000 accepted, then reported UNDELIV     …8888 refused (ESME_RINVDSTADR)
//   …9999 the first segment is throttled once (ESME_RTHROTTLED), then taken     others arrive (DELIVRD)
'use strict';

const smpp = require('smpp');
const [port, systemId, password] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const throttled = new Set();
let count = 0;

function authorise(session, pdu) {
  const known = pdu.system_id === systemId && pdu.password === password;
  say({ event: 'bind', command: pdu.command, accepted: known });
  session.send(pdu.response(known ? {} : { command_status: smpp.ESME_RBINDFAIL }));
  if (!known) session.close();
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

function report(session, pdu, id) {
  const arrived = !pdu.destination_addr.endsWith('0000');
  const text = `id:${id} sub:001 dlvrd:00${arrived ? 1 : 0} submit date:2603020900 done date:2603020901 ` +
    `stat:${arrived ? 'DELIVRD' : 'UNDELIV'} err:${arrived ? '000' : '011'} text:`;
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message: text,
    receipted_message_id: id,
    message_state: arrived ? 2 : 5,
  }, (answer) => say({ event: 'report', id, arrived, answer: answer.command_status }));
}

const server = smpp.createServer((session) => {
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => authorise(session, pdu));
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => {
    const status = treatment(pdu.destination_addr);
    const id = `e2e-${++count}`;
    say({ event: 'submit', id, status, to: pdu.destination_addr, from: pdu.source_addr, ...segment(pdu) });
    session.send(pdu.response(status ? { command_status: status } : { message_id: id }));
    if (!status && pdu.registered_delivery & 1) report(session, pdu, id);
  });
  session.on('error', (error) => say({ event: 'error', why: String(error) }));
});

server.listen(Number(port), '127.0.0.1', () => say({ event: 'listening' }));
