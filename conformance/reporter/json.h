/* A JSON writer for one flat line at a time: just enough for a program that reports what it sees. */
#ifndef REPORTER_JSON_H
#define REPORTER_JSON_H

#include <stddef.h>

/** Starts an object; `key` is NULL at top level and inside an array. */
void json_open(const char *key, char bracket);
/** Closes what json_open opened with the same kind of bracket. */
void json_close(char bracket);
/** Writes text with everything that JSON forbids escaped; other bytes pass through. */
void json_text(const char *key, const char *text);
/** The same for `size` bytes that may hold NUL. */
void json_bytes(const char *key, const char *bytes, size_t size);
void json_number(const char *key, long long number);
void json_flag(const char *key, int flag);
/** Ends the line and flushes it, so that a reader of the file sees whole objects only. */
void json_end_line(void);

#endif
