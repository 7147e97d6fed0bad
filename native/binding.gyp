{
  # libseccomp is linked statically where its archive is installed, so that an installed package needs no library at run time.
  "variables": {
    "seccomp_archive%": "<!(test -f \"$(pkg-config --variable=libdir libseccomp)/libseccomp.a\" && echo \"$(pkg-config --variable=libdir libseccomp)/libseccomp.a\" || echo -lseccomp)"
  },
  "targets": [
    {
      "target_name": "tslxc",
      "sources": [
        "addon/binding.cc",
        "addon/descriptor.cc",
        "addon/exec.cc",
        "addon/lock.cc",
        "addon/memfd.cc",
        "addon/path.cc",
        "addon/pidfd.cc",
        "addon/seccomp.cc",
        "addon/socket.cc",
        "addon/watch.cc"
      ],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Wno-cast-function-type", "-fvisibility=hidden", "-O2"],
      "libraries": ["<(seccomp_archive)"],
      "ldflags": ["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"]
    }
  ]
}
