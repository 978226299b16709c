/* The reporter: runs inside a container (or as a hook) and prints what it sees, one JSON object a line. */
#ifndef REPORTER_H
#define REPORTER_H

/** Prints the whole view of this process. */
void report(int argc, char **argv);
/** As a hook: reads the state from stdin and appends one line about itself to the file `log`. */
int report_as_hook(const char *name, const char *log);
/** Prints the members of an array for each open descriptor and what it points to. */
void report_descriptors(void);
/** Prints the inode number of each namespace of this process. */
void report_namespaces(void);
/** Runs one probe with its arguments; unknown names end the program with 125. */
void probe(int argc, char **argv);
/** Reads a whole descriptor into memory that is never freed; `*size` gets its length. */
char *read_all(int fd, unsigned long *size);

#endif
