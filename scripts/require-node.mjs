// Loaded before every TypeScript entry: an old Node would only say ERR_UNKNOWN_FILE_EXTENSION.
const needed = [24, 12];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `Signet needs Node ${needed.join('.')} or later; this is ${process.versions.node}. npm run puts the pinned one first on the ` +
      'path, but it is not installed: run npm install again, and allow the install script of the package "node".',
  );
  process.exit(1);
}
