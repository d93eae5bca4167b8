// What do honest people notice of those who abuse the platform? npm run bench -- bench/abuse.ts [seconds] [attack]
import { describeResult } from './abuse/abuse-result.ts';
import { oneCustomer, sixtyAddresses, sixtyAddressesAnew } from './abuse/closed-sign-in.ts';
import { threeAddresses } from './abuse/three-addresses.ts';

const attacks = { threeAddresses, sixtyAddresses, sixtyAddressesAnew, oneCustomer };
const [seconds = '15', only = ''] = process.argv.slice(2);

for (const [name, run] of Object.entries(attacks)) {
  if (!name.includes(only)) continue;
  const result = await run(Number(seconds));
  console.log(describeResult(result));
  if (!result.holds) process.exitCode = 1;
}
