// What an image says of itself in LXC's metadata tarball.

import { type ImageConfig, plainMessage, readImageConfig } from './image-config.ts';
import { readSmallFiles } from './small-files.ts';

/** What an image says of itself. */
export interface ImageWords {
  readonly config: ImageConfig;
  readonly message: readonly string[];
}

/** What LXC's metadata tarball says: its config through our closed list, its message as plain lines. */
export async function imageWords(meta: {
  data: Uint8Array;
  name: string;
  env: Readonly<Record<string, string | undefined>>;
}): Promise<ImageWords> {
  const found = await readSmallFiles({ ...meta, wanted: ['config', 'create-message'] });
  return {
    config: readImageConfig(found.get('config') ?? '', meta.name),
    message: plainMessage(found.get('create-message') ?? ''),
  };
}
