import { createHash } from 'node:crypto';
import type { MailboxMail } from '@signet/schema/contract';
import { Html, html } from './html.ts';

const style = `body { font: 1rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; vertical-align: top; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid; border-radius: .4rem }
iframe { width: 100%; height: 30rem; border: 1px solid; border-radius: .4rem; background: #fff }`;
const styleHash = createHash('sha256').update(style).digest('base64');

const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'";

/** One style and the frame of a mail, no script. */
export const mailboxPolicy = `${nothing}; frame-ancestors 'none'; style-src 'sha256-${styleHash}'; img-src data:; frame-src 'self'`;
/** The HTML of a mail: the styles of its elements. `sandbox` takes its origin and its scripts away, also where it is opened by itself. */
export const mailPolicy = `${nothing}; frame-ancestors 'self'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox`;

export function renderMailbox(mails: readonly MailboxMail[]): string {
  const rows = mails.map(
    ({ id, platform, tenant, to, subject, createdAt }) => html`<tr>
<td>${createdAt}</td><td>${platform}, ${tenant}</td><td>${to}</td><td><a href="/mailbox/${id}">${subject}</a></td>
</tr>`,
  );
  const table = html`<table>
<thead><tr><th scope="col">Time</th><th scope="col">Platform, tenant</th><th scope="col">To</th><th scope="col">Subject</th></tr></thead>
<tbody>${rows}</tbody>
</table>`;
  return renderDocument(
    'Mailbox',
    html`<p>These mails would have been sent. In development nothing leaves this machine. Programs get them as JSON here.</p>
${mails.length > 0 ? table : html`<p>There are none yet.</p>`}`,
  );
}

export function renderMail({
  id,
  platform,
  tenant,
  to,
  template,
  subject,
  text,
  createdAt,
}: MailboxMail): string {
  return renderDocument(
    subject,
    html`<p><a href="/mailbox">All mails</a></p>
<table>
<tr><th scope="row">To</th><td>${to}</td></tr>
<tr><th scope="row">Time</th><td>${createdAt}</td></tr>
<tr><th scope="row">Platform, tenant</th><td>${platform}, ${tenant}</td></tr>
<tr><th scope="row">Template</th><td>${template}</td></tr>
</table>
<h2>Text</h2>
<pre>${linkAddresses(text)}</pre>
<h2>HTML</h2>
<iframe title="The mail as HTML" src="/mailbox/${id}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`,
  );
}

/** Web addresses in a text become links. */
function linkAddresses(text: string): Html[] {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) =>
      index % 2 === 1 ? html`<a href="${part}" target="_blank" rel="noreferrer">${part}</a>` : html`${part}`,
    );
}

function renderDocument(title: string, main: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<h1>${title}</h1>
${main}
</body>
</html>
`.markup;
}
