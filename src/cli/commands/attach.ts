import { NAMESPACE_WORDS, type NamespaceWord } from '../../config/model.ts';
import { type AttachRequest, attachHere, ELEVATIONS, type Elevation } from '../../runtime/attach.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { RCFILE_OPTION } from '../options.ts';
import { badArgument, idOption } from '../values.ts';

export const command: Command = {
  name: 'attach',
  summary: 'Run a command or a shell inside a container',
  synopsis: '--name=NAME [-- COMMAND]',
  description: 'Execute the specified COMMAND - enter the container NAME',
  nameFrom: 'option-or-positional',
  options: {
    elevated: {
      short: 'e',
      long: 'elevated-privileges',
      arg: '[PRIVILEGES]',
      summary:
        "Use elevated privileges instead of those of the\ncontainer. If you don't specify privileges to be\nelevated as OR'd list: CAP, CGROUP and LSM (capabilities,\ncgroup and restrictions, respectively) then all of them\nwill be elevated.\nWARNING: This may leak privileges into the container.\nUse with care.",
    },
    arch: {
      short: 'a',
      long: 'arch',
      arg: 'ARCH',
      summary: "Use ARCH for program instead of container's own\narchitecture.",
    },
    namespaces: {
      short: 's',
      long: 'namespaces',
      arg: 'FLAGS',
      summary:
        "Don't attach to all the namespaces of the container\nbut just to the following OR'd list of flags:\nMOUNT, PID, UTSNAME, IPC, USER or NETWORK.\nWARNING: Using -s implies -e with all privileges\nelevated, it may therefore leak privileges into the\ncontainer. Use with care.",
    },
    remount: {
      short: 'R',
      long: 'remount-sys-proc',
      summary:
        'Remount /sys and /proc if not attaching to the\nmount namespace when using -s in order to properly\nreflect the correct namespace context.',
    },
    clearEnv: {
      long: 'clear-env',
      summary:
        'Clear all environment variables before attaching.\nThe attached shell/program will start with only\ncontainer=lxc set.',
    },
    keepEnv: { long: 'keep-env', summary: 'Keep all current environment variables (default).' },
    ptyLog: { short: 'L', long: 'pty-log', arg: 'FILE', summary: 'Log pty output to FILE', complete: 'file' },
    setVar: {
      short: 'v',
      long: 'set-var',
      arg: 'VAR=VAL',
      repeat: true,
      summary:
        'Set an additional variable that is seen by the\nattached program in the container. May be specified\nmultiple times.',
    },
    keepVar: {
      long: 'keep-var',
      arg: 'VAR',
      repeat: true,
      summary:
        'Keep an additional environment variable. Only\napplicable if --clear-env is specified. May be used\nmultiple times.',
    },
    rcfile: RCFILE_OPTION,
    uid: { short: 'u', long: 'uid', arg: 'UID', summary: 'Execute COMMAND with UID inside the container' },
    gid: { short: 'g', long: 'gid', arg: 'GID', summary: 'Execute COMMAND with GID inside the container' },
    context: { short: 'c', long: 'context', arg: 'CONTEXT', summary: 'SELinux Context to transition into' },
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const request = requestOf(invocation, args);
  return await attachHere(await placeFor(invocation, args), request);
}

function requestOf(invocation: Invocation, args: ParsedArguments): AttachRequest {
  const { values, flags, lists } = args;
  const command = [...args.positionals, ...(args.rest ?? [])];
  const namespaces = values['namespaces'] === undefined ? undefined : namespaceWords(values['namespaces']);
  const elevated = namespaces === undefined ? elevations(values['elevated']) : ELEVATIONS;
  return {
    env: invocation.env,
    cwd: invocation.cwd,
    umask: invocation.umask,
    terminals: [invocation.isTTY.stdin, invocation.isTTY.stdout, invocation.isTTY.stderr],
    clearEnv: flags['clearEnv'] ?? false,
    keepVars: lists['keepVar'] ?? [],
    setVars: (lists['setVar'] ?? []).map(checkedVariable),
    elevated,
    remount: flags['remount'] ?? false,
    ...(command.length > 0 && { command }),
    ...(namespaces && { namespaces }),
    ...(values['arch'] !== undefined && { arch: values['arch'] }),
    ...(values['ptyLog'] !== undefined && { ptyLog: values['ptyLog'] }),
    ...(values['uid'] !== undefined && { uid: idOption('--uid', values['uid']) }),
    ...(values['gid'] !== undefined && { gid: idOption('--gid', values['gid']) }),
    ...(values['context'] !== undefined && { context: values['context'] }),
  };
}

/** LXC's old words for two namespaces, and their names in /proc. */
const NAMESPACE_NAMES: Readonly<Record<string, NamespaceWord>> = {
  mount: 'mnt',
  utsname: 'uts',
  network: 'net',
  ...Object.fromEntries(NAMESPACE_WORDS.map(word => [word, word])),
};

function namespaceWords(list: string): NamespaceWord[] {
  return list.split('|').map(word => {
    const namespace = NAMESPACE_NAMES[word.trim().toLowerCase()];
    if (namespace === undefined)
      throw badArgument(`unknown namespace ${word}`, `use some of ${NAMESPACE_WORDS.join('|')}`);
    return namespace;
  });
}

/** None without -e, all for a bare -e. */
function elevations(list: string | undefined): readonly Elevation[] {
  if (list === undefined) return [];
  if (list === '') return ELEVATIONS;
  return list.split('|').map(word => {
    const elevation = ELEVATIONS.find(known => known === word.trim().toUpperCase());
    if (elevation === undefined)
      throw badArgument(`unknown privilege ${word}`, `use some of ${ELEVATIONS.join('|')}`);
    return elevation;
  });
}

function checkedVariable(pair: string): string {
  if (/^[^=\0]+=/.test(pair)) return pair;
  throw badArgument(`--set-var wants VAR=VALUE, not ${JSON.stringify(pair)}`);
}
