import { showSize } from './sizes.mjs';

const COLUMNS = [
  ['tool', 'left', (row) => row.tool],
  ['threads', 'right', (row) => String(row.threads ?? '')],
  ['time', 'right', (row) => showSeconds(row) + (row.scaledFrom ? '*' : '')],
  ['records/s', 'right', (row) => row.rowsPerSecond && Math.round(row.rowsPerSecond).toLocaleString('en')],
  ['MB/s', 'right', (row) => row.mbPerSecond && digits(row.mbPerSecond)],
  ['peak', 'right', (row) => row.peakBytes && `${Math.round(row.peakBytes / 1e6)} MB`],
  ['output', 'right', (row) => row.outputBytes && showSize(row.outputBytes)],
  ['pineload is', 'right', (row) => row.ratio && `${digits(row.ratio)}×`],
  ['aim', 'left', aim],
  ['outputs', 'left', outputs],
];

/**
 * The results as one table, a heading for each piece of work.
 *
 * @param {readonly object[]} rows
 */
export function renderTable(rows) {
  const cells = rows.map((row) => COLUMNS.map(([, , cell]) => (row.failed ? '' : (cell(row) ?? ''))));
  rows.forEach((row, i) => {
    if (row.failed) cells[i] = [row.tool, String(row.threads ?? ''), 'failed', ...COLUMNS.slice(3).map(() => '')];
  });
  const widths = COLUMNS.map(([title], column) => Math.max(title.length, ...cells.map((each) => each[column].length)));
  const line = (texts) =>
    '  ' +
    texts
      .map((text, column) =>
        COLUMNS[column][1] === 'left' ? text.padEnd(widths[column]) : text.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd();
  const lines = [line(COLUMNS.map(([title]) => title))];
  rows.forEach((row, i) => {
    if (row.title !== rows[i - 1]?.title) lines.push('', row.title);
    lines.push(line(cells[i]));
  });
  return lines.join('\n');
}

/** Two or three significant digits, as more would not come out again in the next run. */
export function digits(number) {
  if (number >= 100) return String(Math.round(number));
  return number >= 10 ? number.toFixed(1) : number.toFixed(2);
}

function showSeconds({ seconds }) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${digits(seconds)} s`;
}

function aim({ target, ratio, verdict }) {
  if (verdict) return `${verdict.met ? 'met' : 'missed'}: ${verdict.text}`;
  if (target === undefined || ratio === undefined) return '';
  return `${ratio >= target ? 'met' : 'missed'}: ≥ ${Number(digits(target))}×`;
}

function outputs({ check }) {
  if (!check) return '';
  return check.problems.length === 0 ? 'equal' : `DIFFER: ${check.problems.join('; ')}`;
}
