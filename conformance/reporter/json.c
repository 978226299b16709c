#include "json.h"

#include <stdio.h>
#include <string.h>

static int need_comma;

static void quoted(const char *bytes, size_t size) {
  putchar('"');
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '"' || byte == '\\')
      printf("\\%c", byte);
    else if (byte < 0x20 || byte == 0x7f)
      printf("\\u%04x", byte);
    else
      putchar(byte);
  }
  putchar('"');
}

static void before_value(const char *key) {
  if (need_comma)
    putchar(',');
  need_comma = 1;
  if (key) {
    quoted(key, strlen(key));
    putchar(':');
  }
}

void json_open(const char *key, char bracket) {
  before_value(key);
  putchar(bracket);
  need_comma = 0;
}

void json_close(char bracket) {
  putchar(bracket);
  need_comma = 1;
}

void json_text(const char *key, const char *text) {
  json_bytes(key, text, strlen(text));
}

void json_bytes(const char *key, const char *bytes, size_t size) {
  before_value(key);
  quoted(bytes, size);
}

void json_number(const char *key, long long number) {
  before_value(key);
  printf("%lld", number);
}

void json_flag(const char *key, int flag) {
  before_value(key);
  fputs(flag ? "true" : "false", stdout);
}

void json_end_line(void) {
  need_comma = 0;
  putchar('\n');
  fflush(stdout);
}
