/** Users of the machine, for cases in which the host has to know them. */

/** ann and bob without privileges, of one more group, with homes below /home. */
export const accounts = `
  cp -a /etc/passwd /etc/shadow /etc/group "$PLACE"
  printf 'ann:x:1001:1001::/home/ann:/bin/sh\\nbob:x:1002:1002::/home/bob:/bin/sh\\n' >>/etc/passwd
  printf 'ann:*:19000:0:99999:7:::\\nbob:*:19000:0:99999:7:::\\n' >>/etc/shadow
  printf 'ann:x:1001:\\nbob:x:1002:\\nphysics:x:1500:ann,bob\\n' >>/etc/group
  install -d -o 1001 -g 1001 /home/ann
  install -d -o 1002 -g 1002 /home/bob
`;
export const accountsGone = `
  for file in passwd shadow group; do cat "$PLACE/$file" >/etc/$file; done
  rm -rf /home/ann /home/bob /run/chos
`;
