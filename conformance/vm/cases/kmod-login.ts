/** Logins into trees by the kernel's link (docs/login.md), with the sshd of Debian 13. Without the module: conformance/trees/login-cases.ts. */
import type { MachineCase } from '../case.js';
import { kernels } from '../machine.js';
import { accounts, accountsGone } from './accounts.js';
import { kmod } from './kmod.js';

/** `login USER COMMAND`: by an sshd of its own, which has no port. */
const sshd = `
  cp -a /etc/pam.d/sshd /etc/pam.d/su "$PLACE"
  ssh-keygen -q -t ed25519 -N '' -f "$PLACE/host"
  ssh-keygen -q -t ed25519 -N '' -f "$PLACE/user"
  mkdir -p /run/sshd
  for home in /root /home/ann /home/bob; do
    mkdir -p $home/.ssh
    cp "$PLACE/user.pub" $home/.ssh/authorized_keys
  done
  for user in ann bob; do
    cp /usr/local/bin/chos /home/$user/chos
    chown -R $user:$user /home/$user
  done
  echo two >/home/bob/.chos
  chown bob:bob /home/bob/.chos
  printf 'HostKey %s\\nUsePAM yes\\nPidFile none\\nStrictModes no\\nPermitRootLogin yes\\nLogLevel ERROR\\n' "$PLACE/host" >"$PLACE/config"
  sed -i '/common-auth/a auth optional pam_chos.so' /etc/pam.d/sshd
  echo 'session required pam_chos.so' | tee -a /etc/pam.d/sshd >>/etc/pam.d/su
  login() {
    ssh -F none -i "$PLACE/user" -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR \\
      -oProxyCommand="/usr/sbin/sshd -i -f $PLACE/config" "$@"
  }
`;
const gone = `
  for file in sshd su; do cat "$PLACE/$file" >/etc/pam.d/$file; done
  rm -rf /root/.ssh
`;

export const kmodLoginCases: readonly MachineCase[] = [
  kmod(
    'login/two-users-in-two-trees',
    `${accounts}${sshd}
      jq '.default = "one"' /etc/chos.d/lab.json >/etc/chos.d/lab.new
      mv /etc/chos.d/lab.new /etc/chos.d/lab.json
      chos tree load
      script='id -G; cat /etc/os-release; readlink /proc/chos/link; readlink /proc/self/ns/mnt; pwd; echo $CHOS; grep NoNewPrivs /proc/self/status'
      expected() { printf '%s %s\\nID=%s\\n/ostrees/%s\\n%s\\n/home/%s\\n%s\\nNoNewPrivs: 0' "$1" 1500 "$2" "$2" "$(readlink /proc/self/ns/mnt)" "$3" "$2"; }
      mkfifo "$PLACE/held"
      login ann@lab "cat >/home/ann/held; $script" <"$PLACE/held" >"$PLACE/ann" & ann=$!
      exec 5>"$PLACE/held"
      until_true 90 test -e /home/ann/held
      # Who serves her login does so on the host; she is in the skeleton.
      roots() { local pid; for pid in $(pgrep "$@"); do readlink /proc/$pid/root || true; done | sort -u | xargs; }
      same "the processes of sshd that are root's" "$(roots -u 0 sshd)" /
      same "those of the user" "$(roots -u 1001 .)" /chos
      same "bob, at the same time" "$(login bob@lab "$script" | tr -s '\\t ' ' ')" "$(expected 1002 two bob)"
      exec 5>&-
      wait $ann
      same "ann" "$(tr -s '\\t ' ' ' <"$PLACE/ann")" "$(expected 1001 one ann)"
      matches "root" "$(su root -c 'cat /etc/os-release')" debian
      same "chos inside" "$(su ann -c '/home/ann/chos --which; /home/ann/chos one cat /etc/os-release')" $'one (this login)\\nID=one'
      matches "the way out" "$(su ann -c '/home/ann/chos /' 2>&1 || true)" '^chos: leave: this login is in one and stays there'
      same "su, in its directory" "$(cd /home && su ann -c 'readlink /proc/chos/link; pwd')" $'/ostrees/one\\n/home'
      # A generation that is named is one, also where the module is.
      chos tree prepare two
      sed -i 's/.*/two@1/' /home/bob/.chos
      same "a generation" "$(su bob -c 'readlink /proc/chos/link; cat /etc/os-release; echo $CHOS')" $'/\\nID=two\\ntwo@1'
      chos tree release two
      sed -i 's/.*/two/' /home/bob/.chos
      # Nobody is kept out when the skeleton goes, and the log has a line.
      busybox syslogd -n -O "$PLACE/log" & syslogd=$!
      until_true 30 test -S /dev/log
      mv /run/chos-trees.public "$PLACE/public"
      matches "without the skeleton" "$(su bob -c 'readlink /proc/chos/link; id -u' 2>&1 | xargs)" '^pam_chos: the skeleton /chos is not there: root runs chos-runtime skeleton create; the session is on the host / 1002$'
      kill $syslogd
      wait $syslogd || true
      rm -f /dev/log
      matches "the log" "$(grep -c 'pam_chos(su:session): the skeleton /chos is not there' "$PLACE/log")" '^1$'
      mv "$PLACE/public" /run/chos-trees.public
      same "with it" "$(su bob -c 'cat /etc/os-release')" ID=two
      same "processes that are left" "$(pgrep -x chos-login || true)" ""
      ${gone}${accountsGone}`,
    { kernels },
  ),
];
