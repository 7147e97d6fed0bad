import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseReference, registryHost } from '../../../../src/images/oci/reference.ts';

const HEX = 'a'.repeat(64);

function registryOf(text: string) {
  const reference = parseReference(text, '/');
  assert.equal(reference.kind, 'registry');
  return reference.kind === 'registry' ? reference.registry : undefined;
}

test('names of images as docker reads them', () => {
  const cases: [string, string, string, string, string?][] = [
    ['docker://alpine', 'docker.io', 'library/alpine', 'latest'],
    ['docker://alpine:3.20', 'docker.io', 'library/alpine', '3.20'],
    ['docker://some/app', 'docker.io', 'some/app', 'latest'],
    ['docker://docker.io/nginx', 'docker.io', 'library/nginx', 'latest'],
    ['docker://quay.io/a/b/c:x_1', 'quay.io', 'a/b/c', 'x_1'],
    ['docker://localhost/app', 'localhost', 'app', 'latest'],
    ['docker://127.0.0.1:5000/app:1', '127.0.0.1:5000', 'app', '1'],
    ['docker://[::1]:5000/app', '[::1]:5000', 'app', 'latest'],
    [`docker://h.example/app:1@sha256:${HEX}`, 'h.example', 'app', '1', `sha256:${HEX}`],
  ];
  for (const [text, host, repository, tag, digest] of cases)
    assert.deepEqual(registryOf(text), { host, repository, tag, digest }, text);
  assert.equal(registryHost('docker.io'), 'registry-1.docker.io');
});

test('what names no image is refused, and says why', () => {
  const refused: [string, RegExp][] = [
    ['', /does not begin with a transport/],
    ['alpine', /does not begin with a transport/],
    ['docker:alpine', /followed by \/\//],
    ['docker://', /no repository/],
    ['docker://UPPER', /no repository/],
    ['docker://a/../b', /no repository/],
    ['docker://h.example/app:-x', /no tag/],
    ['docker://h.example/app@sha256:12', /no digest/],
    ['docker://user:pass@h.example/app', /no digest|no host/],
    ['docker://h.example:5000 /app', /no host/],
    ['docker://a\nb', /control character/],
    ['oci:', /path is missing/],
    ['oci:/x:', /tag is empty/],
  ];
  for (const [text, why] of refused) assert.throws(() => parseReference(text, '/'), why, text);
});

test('paths are taken from the caller’s directory; other transports are for skopeo', () => {
  assert.deepEqual(parseReference('oci:img:1', '/srv'), { kind: 'oci', path: '/srv/img', tag: '1' });
  assert.deepEqual(parseReference('docker-archive:/x.tar:app:1', '/'), {
    kind: 'docker-archive',
    path: '/x.tar',
    tag: 'app:1',
  });
  assert.deepEqual(parseReference('dir:/x', '/'), { kind: 'other', transport: 'dir', text: 'dir:/x' });
});

test('only this host itself counts as loopback', () => {
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1:80', '127.9.9.9', '[::1]:5000'])
    assert.ok(isLoopback(host), host);
  for (const host of ['127.0.0.1.example.org', 'localhost.example.org', '10.0.0.1', 'example.org:127'])
    assert.ok(!isLoopback(host), host);
});
