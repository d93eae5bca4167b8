// Loaded before every TypeScript entry: an older Node would only say ERR_UNKNOWN_FILE_EXTENSION.
const oldest = [24, 12];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  console.error(
    `Signet needs Node ${oldest.join('.')} or later, and this is Node ${process.versions.node}. npm scripts use the Node that ` +
      'npm install brings along, but it is missing here: run npm install again and let the package "node" run its install script.',
  );
  process.exit(1);
}
