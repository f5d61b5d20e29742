import { digits } from './table.mjs';

const WIDTH = 960;
const LABEL_WIDTH = 330;
const BAR_WIDTH = 380;
const BAR_HEIGHT = 18;
const BAR_STEP = 24;
const MARGIN = 24;
const OURS = '#0f766e';
const THEIRS = '#94a3b8';

/**
 * The convert results as bars of MB/s, one group for each input.
 *
 * @param {readonly object[]} rows
 * @param {{ title: string, footer: readonly string[] }} texts
 * @returns {string} SVG
 */
export function renderPicture(rows, { title, footer }) {
  const shown = rows.filter((row) => row.mbPerSecond !== undefined && !row.failed);
  const parts = [];
  let y = MARGIN + 20;
  const text = (x, at, content, more = '') => parts.push(`<text x="${x}" y="${at}" ${more}>${escape(content)}</text>`);
  text(MARGIN, y, title, 'font-size="18" font-weight="600"');
  for (const group of groupBy(shown, (row) => row.title)) {
    y += 40;
    text(MARGIN, y, group[0].title, 'font-weight="600"');
    y += 10;
    const fastest = Math.max(...group.map((row) => row.mbPerSecond));
    for (const row of group) {
      const width = Math.max(1, (row.mbPerSecond / fastest) * BAR_WIDTH);
      const threads =
        row.threads === undefined
          ? ''
          : `, ${row.threads === 'default' ? 'default' : `${row.threads} thread${row.threads === 1 ? '' : 's'}`}`;
      text(MARGIN + LABEL_WIDTH - 8, y + 13, `${row.tool}${threads}`, 'text-anchor="end"');
      const fill = row.reference ? OURS : THEIRS;
      parts.push(
        `<rect x="${MARGIN + LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${fill}"/>`,
      );
      const ratio = row.ratio === undefined ? '' : ` (pineload is ${digits(row.ratio)}×)`;
      text(
        MARGIN + LABEL_WIDTH + width + 6,
        y + 13,
        `${digits(row.mbPerSecond)} MB/s${row.scaledFrom ? '*' : ''}${ratio}`,
      );
      y += BAR_STEP;
    }
  }
  y += 16;
  for (const line of footer) text(MARGIN, (y += 16), line, 'font-size="11" fill="#475569"');
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ` font-family="system-ui, sans-serif" font-size="13" fill="#0f172a" role="img" aria-label="${escape(title)}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function groupBy(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups.values();
}

const escape = (text) =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);
