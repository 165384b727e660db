// The aidant's part for a client written in another language. Each line read is a command, each line written its answer:
//   register ID [OPTION…]           → {"clientId", "secret"}
//   authorize URL [REDIRECT-URI]    → {"url"}      the address the browser was sent back to
//   leave URL [ADDRESS]             → {"url"}      where the browser is after the service's sign-out
//   verb WORD…                      → {"told"}     what a verb of the command line prints
//   paper                           → {"promise", "entry", "leaf"}   what the paper of the aidant's mandate bears
//   wire                            → {"origin"}   a wire that changes our ID tokens
import readline from 'node:readline';
import { scene, tamperingWire } from './support.mjs';

const here = await scene('sqlite');
const wires = [];
const { redirectUri, signedOutUri, testClient } = here;
console.log(JSON.stringify({ origin: here.demo.origin, data: here.demo.data, redirectUri, signedOutUri, testClient }));
try {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, ...words] = line.split(' ');
    if (command === 'register') console.log(JSON.stringify(await here.register(...words)));
    else if (command === 'authorize') console.log(JSON.stringify({ url: await here.authorize(...words) }));
    else if (command === 'leave') console.log(JSON.stringify({ url: await here.leave(...words) }));
    else if (command === 'verb') console.log(JSON.stringify({ told: await here.verb(...words) }));
    else if (command === 'paper') console.log(JSON.stringify(await here.paper()));
    else if (command === 'wire') {
      const wire = await tamperingWire(here.demo.origin);
      wires.push(wire);
      console.log(JSON.stringify({ origin: wire.origin }));
    } else throw new Error(`unknown command ${command}`);
  }
} finally {
  wires.forEach((wire) => wire.stop());
  await here.stop();
}
