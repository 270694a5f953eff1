"""The commands of the command line, a file each: options in, library called, result shown."""
