/** As in the `engines` of the packages. */
const needed = [24, 12];

/** Ends the process with 1, and says why, where Node is older than the command needs. Before anything else is loaded. */
export function assertNodeVersion(command) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return;
  console.error(
    `${command} needs Node ${needed.join('.')} or later, and this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}
