"""The subcommands of `replymeta`, one module each.

Each module has NAME and HELP, `configure(parser)` to add its arguments, and `run(arguments)`, which
gives the exit status: 0 ok, 1 a check failed, 2 usage or unreadable input.
"""
