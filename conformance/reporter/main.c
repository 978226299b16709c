/*
 * reporter PROBE [ARG...] [, PROBE [ARG...]]...
 *
 * Linked statically, so that it runs in an empty root. The probes run in order; a comma alone parts them.
 */
#include "reporter.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "hook"))
    return report_as_hook(argv[2], argv[3]);
  if (argc == 1) {
    report(argc, argv);
    return 0;
  }
  for (int first = 1; first < argc;) {
    int last = first;
    while (last < argc && strcmp(argv[last], ","))
      last++;
    if (!strcmp(argv[first], "report"))
      report(argc, argv);
    else
      probe(last - first, argv + first);
    first = last + 1;
  }
  return 0;
}
