// Preloaded into a process that is forked: it answers `cpu` with its use of the processor so far, in µs.
process.on('message', (message) => {
  if (message === 'cpu') process.send?.(process.cpuUsage());
});
process.channel?.unref();
