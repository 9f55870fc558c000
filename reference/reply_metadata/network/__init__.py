"""Everything with sockets, files and clocks; the rules of the protocol are in the sessions."""
