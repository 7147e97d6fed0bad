// The YAML writer, loaded only when it is asked for.

export { stringify } from 'yaml';
