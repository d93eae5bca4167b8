import { createHash } from 'node:crypto';

/** GitHub takes 65,536 characters. */
const maxLength = 60_000;
/** 100 comments a page. */
const maxPages = 30;
const timeoutMs = 20_000;
/** The heading of a report in which nothing changed. */
const nothing = /^## Access: 0 gains of access; 0 losses; 0 breaking changes\n*$/;

/**
 * Shows a report as the one comment of this check on a pull request: the comment of the last run is changed. A report without
 * changes writes no comment where there is none yet.
 *
 * @throws {Error} where GitHub does not take it, such as for a token that only reads
 */
export async function showComment(report, { api, repository, number, author, topic, token }) {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new Error(`'${repository}' is no repository`);
  const mark = `<!-- signet-access ${createHash('sha256').update(topic).digest('hex').slice(0, 16)} -->`;
  const issues = `${api}/repos/${repository}/issues`;
  const known = await findComment(`${issues}/${number}/comments`, { mark, author, token });
  if (known === undefined && nothing.test(report)) return;
  const body = `${mark}\n${cut(report)}`;
  if (known === undefined) await call('POST', `${issues}/${number}/comments`, token, { body });
  else if (known.body !== body) await call('PATCH', `${issues}/comments/${known.id}`, token, { body });
}

/** Somebody else's comment with the same mark is left alone. */
async function findComment(url, { mark, author, token }) {
  for (let page = 1; page <= maxPages; page += 1) {
    const comments = await call('GET', `${url}?per_page=100&page=${page}`, token);
    const own = comments.find(({ user, body }) => user?.login === author && body?.startsWith(mark));
    if (own || comments.length < 100) return own;
  }
  return undefined;
}

async function call(method, url, token, body) {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${method} of the comment`);
  return response.json();
}

/** Ends with a whole line. A block of code or a fold that is cut open is closed by the end of the comment. */
function cut(report) {
  if (report.length <= maxLength) return report;
  const kept = report.slice(0, maxLength);
  return `${kept.slice(0, kept.lastIndexOf('\n'))}\n\n… The whole report is in the summary of the job.\n`;
}
