"""A person at a terminal: runs a command on a new pty, follows a script, prints what was seen as JSON.

usage: terminal.py SCRIPT COMMAND...; SCRIPT is a JSON list of ["see", text] (wait for it), ["type", text], ["size", rows, columns],
["signal", number] (to the command) and ["mode"] (note whether the terminal is raw). Ends when the command does.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios

script = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = ""
modes = []


def is_raw():
    return not termios.tcgetattr(terminal)[3] & termios.ICANON


def read():
    global seen
    if not select.select([terminal], [], [], 20)[0]:
        raise SystemExit("nothing seen for 20 seconds: " + repr(seen))
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    seen += data.decode()
    return bool(data)


position = 0
for step in script:
    if step[0] == "see":
        while step[1] not in seen[position:]:
            if not read():
                raise SystemExit("ended before %r: %r" % (step[1], seen))
        position = seen.index(step[1], position) + len(step[1])
    elif step[0] == "type":
        os.write(terminal, step[1].encode())
    elif step[0] == "size":
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", step[1], step[2], 0, 0))
    elif step[0] == "signal":
        os.kill(pid, step[1])
    elif step[0] == "mode":
        modes.append(is_raw())
while read():
    pass
_, status = os.waitpid(pid, 0)
print(json.dumps({"seen": seen, "modes": modes, "status": os.waitstatus_to_exitcode(status)}))
