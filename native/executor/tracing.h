#ifndef TSLXC_TRACING_H
#define TSLXC_TRACING_H

/* Until exec nobody but the host's root may trace us, or read our memory, descriptors and environment in /proc. */
void tracing_forbid(void);

#endif
