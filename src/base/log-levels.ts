/** lxc.log.level and -l, from the most to the least; the number of a level is its place (lxc.container.conf(5)). */
export const LOG_LEVELS = [
  'TRACE',
  'DEBUG',
  'INFO',
  'NOTICE',
  'WARN',
  'ERROR',
  'CRIT',
  'ALERT',
  'FATAL',
] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
