/*
 * Plain JavaScript, since it runs before anything else is loaded.
 */

const semiSpace = '--max-semi-space-size';

/**
 * Starts this process again with a small young generation, unless its flags name a size. By default V8 lets it grow to 128 MB, whatever
 * lives that long. Process id, files and environment stay the same. Returns where it need not or cannot: on Windows, or beside a
 * parent that talks to it by Node's own channel.
 */
export function startAgainWithSmallHeap() {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (flags.includes(semiSpace) || process.channel) return;
  try {
    process.execve(process.execPath, [process.argv0, `${semiSpace}=4`, ...(process.env.XF??"").split(" ").filter(Boolean), ...process.execArgv, ...process.argv.slice(1)], process.env);
  } catch {
    // It works without, and takes more memory.
  }
}
