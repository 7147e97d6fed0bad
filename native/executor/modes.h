/* What the executor can be started as; main.c has the table. Each returns an exit status. */
#ifndef TSLXC_MODES_H
#define TSLXC_MODES_H

int launch_main(int argc, char **argv);
int run_main(int argc, char **argv);
int print_main(int argc, char **argv);
int teardown_main(int argc, char **argv);

#endif
