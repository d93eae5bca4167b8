/*
 * Plain JavaScript, since it runs before anything else is loaded.
 */

const semiSpace = '--max-semi-space-size';
/**
 * By default V8 lets the old generation grow to several times what it holds before it collects. These make it collect earlier, and bound the
 * young one (docs/decisions/0038-small-heap.md). Without the compiler between the first and the last, no function is compiled twice and its code
 * kept meanwhile (docs/decisions/0094-what-the-gateway-keeps-in-memory.md).
 */
const flags = [`${semiSpace}=16`, '--heap-growing-percent=40', '--no-maglev'];
/** glibc keeps what a thread has freed for that thread, and Node has many: two pools take 15 MB less. Others ignore it. */
const allocator = { MALLOC_ARENA_MAX: '2' };

/**
 * Starts this process again with a small heap, unless its flags name a size of the young generation. Process id, open files and
 * environment stay the same. Returns where it need not or cannot: on Windows, or beside a parent that talks to it by Node's own channel.
 */
export function startAgainWithSmallHeap() {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (given.includes(semiSpace) || process.channel) return;
  try {
    const { execPath, argv0, execArgv, argv, env } = process;
    process.execve(execPath, [argv0, ...flags, ...execArgv, ...argv.slice(1)], { ...allocator, ...env });
  } catch {
    // It works without, and takes more memory.
  }
}
