import type { Results } from './results.ts';

const width = 720;
const labelWidth = 210;
const valueWidth = 110;
const barHeight = 16;
const gap = 6;
const titleHeight = 34;
const ours = 'Signet';

/** Requests a second as bars, an operation below the other, each on a scale of its own. An SVG that reads on light and dark pages. */
export function plotResults(results: Results): string {
  const parts: string[] = [];
  let y = 8;
  for (const [operation, measured] of Object.entries(results)) {
    parts.push(`<text class="title" x="0" y="${y + 18}">${escapeXml(operation)}: requests a second</text>`);
    y += titleHeight;
    const rows = Object.entries(measured).toSorted(([, a], [, b]) => b.rps - a.rps);
    const most = Math.max(...rows.map(([, { rps }]) => rps));
    for (const [name, { rps, ratio }] of rows) {
      const length = (rps / most) * (width - labelWidth - valueWidth);
      const middle = y + barHeight / 2 + 4;
      parts.push(
        `<text x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escapeXml(name)}</text>`,
        `<rect class="${name.startsWith(ours) ? 'ours' : 'other'}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
        `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${middle}">${rps.toFixed(0)} (${ratio.toFixed(1)}×)</text>`,
      );
      y += barHeight + gap;
    }
    y += 10;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" role="img" aria-label="Requests a second by gateway">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; font-size: 13px }
.ours { fill: #2f6feb } .other { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #adbac7 } .ours { fill: #539bf5 } .other { fill: #545d68 } }
</style>
${parts.join('\n')}
</svg>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
