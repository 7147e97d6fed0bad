// An initramfs archive (cpio "newc", Documentation/driver-api/early-userspace/buffer-format.rst), without a cpio program.

const TYPE = { file: 0o100000, directory: 0o040000, link: 0o120000, node: 0o020000 };

/** `entries`: `{ path, type?, mode?, content?, major?, minor? }` in the order in which they are to be made. */
export function cpio(entries) {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  return Buffer.concat(all.flatMap((entry, index) => record(entry, index + 1)));
}

function record({ path, type = 'file', mode = 0o755, content = '', major = 0, minor = 0 }, inode) {
  const data = Buffer.from(content);
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, TYPE[type] | mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map(number => number.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(data)];
}

const padded = buffer => Buffer.concat([buffer, Buffer.alloc((4 - (buffer.length % 4)) % 4)]);
