// What action.yml runs. Plain JavaScript for the Node of a runner, version 20 or later, without dependencies.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { showComment } from './pull-request-comment.mjs';

const { env } = process;
const supergraph = env.SIGNET_SUPERGRAPH ?? '';
const token = env.SIGNET_TOKEN ?? '';

const event = env.GITHUB_EVENT_PATH ? JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) : {};
const isNewGraph = env.SIGNET_NEW_GRAPH === 'true';
const { code, report } = runCheck(findBase());
if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, `${report}\n`);
if (env.SIGNET_COMMENT === 'true' && Number.isInteger(event.pull_request?.number)) {
  try {
    await showComment(report, {
      api: env.GITHUB_API_URL ?? 'https://api.github.com',
      repository: env.GITHUB_REPOSITORY ?? '',
      number: event.pull_request.number,
      author: env.SIGNET_COMMENT_AUTHOR || 'github-actions[bot]',
      topic: supergraph,
      token,
    });
  } catch (error) {
    // A pull request from a fork has a token that only reads. The check counts, and the summary has the report.
    print(`The report is in the summary of this job only: ${error.message}`);
  }
}
process.exitCode = code;

/**
 * The commit to compare with, of a pull request, a merge queue or a push, or `why` there is none. It is fetched, since a checkout
 * usually has one commit only.
 */
function findBase() {
  const sha = event.pull_request?.base?.sha ?? event.merge_group?.base_sha ?? event.before;
  // A push of a new branch comes after the commit 000….
  if (typeof sha !== 'string' || !/^[0-9a-f]{40,64}$/.test(sha) || /^0+$/.test(sha)) {
    return { why: `The event ${env.GITHUB_EVENT_NAME ?? ''} names no commit to compare with` };
  }
  if (git('cat-file', '-e', `${sha}^{commit}`).status !== 0) {
    const { status, stderr } = git('fetch', '--no-tags', '--depth=1', 'origin', sha);
    if (status !== 0) {
      print(`The commit to compare with cannot be fetched: ${stderr}`);
      process.exit(1);
    }
  }
  if (git('-C', dirname(supergraph), 'cat-file', '-e', `${sha}:./${basename(supergraph)}`).status === 0) {
    return { sha };
  }
  return { why: `The base has no ${basename(supergraph)} there` };
}

function git(...words) {
  return spawnSync('git', words, { encoding: 'utf8' });
}

/**
 * Runs `signet access` as the project has it installed: npx without that would run anybody's package of this name. Without a commit
 * to compare with, every gain would pass: only a graph that is said to be new may do so.
 */
function runCheck({ sha, why }) {
  const folder = mkdtempSync(join(tmpdir(), 'signet-access-'));
  try {
    const output = join(folder, 'report');
    const acknowledged = env.SIGNET_ACKNOWLEDGED ?? '';
    const words = [
      ...['--no-install', 'signet', 'access', `--supergraph=${supergraph}`],
      ...[`--default-access=${env.SIGNET_DEFAULT_ACCESS || 'deny'}`, `--output=${output}`],
      ...(sha ? [`--against=git:${sha}`, '--format=markdown'] : []),
      ...(sha && acknowledged && existsSync(acknowledged) ? [`--acknowledged=${acknowledged}`] : []),
    ];
    // What a project installed needs no token.
    const { SIGNET_TOKEN: _, ...rest } = env;
    const { status, stdout, stderr, error } = spawnSync('npx', words, { encoding: 'utf8', env: rest });
    const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim();
    if (said) print(said);
    const text = existsSync(output) ? readFileSync(output, 'utf8') : '';
    if (sha && text) return { code: status ?? 1, report: text };
    const isAllowed = sha || isNewGraph;
    const hint = isAllowed ? '' : ' A graph that is new needs the input `new-graph: true` once.';
    const verdict = `${why ? `${why}, so nothing is compared` : 'The comparison failed'}.${hint}`;
    if (!isAllowed) print(verdict);
    return {
      code: isAllowed ? (status ?? 1) : 1,
      report: `## Access: the rules of the graph\n\n${verdict}\n\n${fence(`${text}${said}`)}`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A block of Markdown whose text cannot end it. */
function fence(text) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const marks = '`'.repeat(longest + 1);
  return `${marks}text\n${text.trim()}\n${marks}\n`;
}

/** Prints a text of somebody else's. GitHub reads a line like `::set-output::` as a command otherwise. */
function print(text) {
  const key = randomUUID();
  console.log(`::stop-commands::${key}\n${text}\n::${key}::`);
}
