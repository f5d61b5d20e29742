import { formatBytes, formatCount } from '../base/bytes.js';
import { facts, findingText, verdict, type ValidateReport } from './report.js';

/** Namespaces listed on the page. */
const SHOWN_NAMESPACES = 1000;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --warn: #b26a00; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffcc80; --good: #a5d6a7; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top; }
tr + tr { border-top: 1px solid var(--line); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, li { font-family: ui-monospace, monospace; font-size: .88rem; } ul { margin: .3rem 0; padding-left: 1.2rem; }
.error { color: var(--bad); } .warning { color: var(--warn); } .valid { color: var(--good); }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; }
`;

/** The report as one page that needs nothing else: no scripts, no fonts, no requests. Every text in it is escaped. */
export function renderReportHtml(report: ValidateReport): string {
  const state = report.valid ? 'valid' : 'error';
  const parts = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    // Should a text slip through unescaped, a browser still runs nothing of it.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>pineload validate: ${escape(report.uri)}</title><style>${STYLE}</style></head><body>`,
    `<h1>pineload validate</h1><p class="${state}"><strong>${escape(verdict(report))}</strong></p>`,
    '<table>',
    ...facts(report).map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`),
    '</table>',
  ];
  if (report.counts.length > 0) parts.push('<h2>Findings</h2>');
  for (const { code, severity, count } of report.counts) {
    const shown = report.findings.filter((finding) => finding.code === code);
    const hints = [...new Set(shown.flatMap(({ hint }) => hint ?? []))];
    parts.push(
      `<details${severity === 'error' ? ' open' : ''}><summary><span class="${severity}">${severity}</span> `,
      `<code>${escape(code)}</code> ${escape(shown[0]?.message ?? '')} (${formatCount(count)})</summary><ul>`,
      ...shown.map((finding) => `<li>${escape(findingText(finding, shown[0]!.message))}</li>`),
      ...(count > shown.length ? [`<li>… and ${formatCount(count - shown.length)} more</li>`] : []),
      '</ul>',
      ...hints.map((hint) => `<p>${escape(hint)}</p>`),
      '</details>',
    );
  }
  const { namespaces } = report;
  if (namespaces.length > 0) {
    parts.push(
      '<h2>Namespaces</h2><table><tr><th>namespace</th><th class="n">files</th><th class="n">records</th><th class="n">size</th><th class="n">rejected</th></tr>',
      ...namespaces
        .slice(0, SHOWN_NAMESPACES)
        .map(
          ({ namespace, files, records, bytes, rejected }) =>
            `<tr><td><code>${escape(namespace)}</code></td><td class="n">${formatCount(files)}</td><td class="n">${formatCount(records)}</td>` +
            `<td class="n">${formatBytes(bytes)}</td><td class="n">${formatCount(rejected)}</td></tr>`,
        ),
      '</table>',
    );
    const more = namespaces.length - SHOWN_NAMESPACES;
    if (more > 0) parts.push(`<p>… and ${formatCount(more)} more</p>`);
  }
  parts.push('</body></html>', '');
  return parts.join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also what HTML does not allow: controls, and those that turn the direction of text. */
function escape(text: string): string {
  return text
    .replace(/[&<>"']/g, (c) => ENTITIES[c]!)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => {
      return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
}
