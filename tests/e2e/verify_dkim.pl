# Verifies the DKIM signatures of the mail on standard input with Mail::DKIM, which is not ours.
# The key that DNS would give is the argument. Prints the result and the headers that are signed.
use strict;
use warnings;
use Mail::DKIM::PublicKey;
use Mail::DKIM::Verifier;

my $key = shift @ARGV;
{
    no warnings 'redefine';
    *Mail::DKIM::PublicKey::fetch_async = sub {
        my ($class, %asked) = @_;
        my $found = $class->parse("v=DKIM1; k=rsa; p=$key");
        $asked{Callbacks}{Success}->($found);
        return sub { return $found; };
    };
}

my $verifier = Mail::DKIM::Verifier->new();
while (my $line = <STDIN>) {
    $line =~ s/\r?\n$//;
    $verifier->PRINT("$line\r\n");
}
$verifier->CLOSE;
print $verifier->result_detail, "\n";
for my $signature ($verifier->signatures) {
    print lc join(' ', $signature->headerlist), "\n";
}
