// Tables and fields, padded exactly as LXC pads them.

/** Every column left-aligned, padded to its longest cell and followed by one space, the last one too (lxc-ls -f). */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  leastWidth: (title: string) => number = () => 0,
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, leastWidth(title), ...rows.map(row => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `${widths.map((width, column) => `${(cells[column] ?? '').padEnd(width)} `).join('')}\n`;
  return [header, ...rows].map(line).join('');
}

/** One `LABEL: VALUE` line, the label padded to 15 columns (lxc-info). */
export function field(label: string, value: string): string {
  return `${label.padEnd(15)} ${value}\n`;
}

/** Names side by side, each padded to the longest with one space after it, wrapped at the terminal's width (lxc-ls on a tty). */
export function columns(names: readonly string[], width: number): string {
  const cell = Math.max(...names.map(name => name.length)) + 1;
  const perLine = Math.max(1, Math.floor(width / cell));
  const lines: string[] = [];
  for (let at = 0; at < names.length; at += perLine)
    lines.push(
      `${names
        .slice(at, at + perLine)
        .map(name => name.padEnd(cell))
        .join('')}\n`,
    );
  return lines.join('');
}
