/* mode console: `console --control RUNDIR --tty N --escape BYTE`. */
#ifndef TSLXC_CONSOLE_CLIENT_H
#define TSLXC_CONSOLE_CLIENT_H

/*
 * Connects this terminal (or any stdin that can be polled) to a tty of a container. --tty: -1 first free, 0 console;
 * --escape: the prefix byte as a number, 0: none. argv begins with the mode's name. Returns the exit status.
 */
int console_main(int argc, char **argv);

#endif
