import { test } from 'node:test';
import { installs } from './rpm-family.ts';
import { noRpmTools } from './rpm-world.ts';

test('Rocky Linux 9, on a small repository; test/full has its sisters', { skip: noRpmTools }, t =>
  installs(t, {
    template: 'rocky',
    title: 'Rocky Linux',
    release: '9',
    releasePackages: ['rocky-release'],
    database: '/var/lib/rpm',
  }),
);
