import { diagnose } from './src/doctor/diagnose.ts';
import { formatFinding } from './src/doctor/finding.ts';

/**
 * `npm run doctor`: looks at a deployment and says, line by line, what is right, what is wrong and what to do. With the variables of
 * an auth process (a container's), at that; else at the platform of `npm start` on this machine. Exit 1 where anything is wrong.
 */
const findings = await diagnose(process.env);
for (const finding of findings) {
  console.log(formatFinding(finding));
}
const faults = findings.filter(({ kind }) => kind === 'wrong').length;
console.log(
  faults === 0 ? '\nNothing is wrong.' : `\n${faults} ${faults === 1 ? 'thing is' : 'things are'} wrong.`,
);
process.exitCode = faults === 0 ? 0 : 1;
