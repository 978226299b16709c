/* SEND and RECV: messages with descriptors (unix(7), SCM_RIGHTS). */
#include <asm/socket.h>

#include "vm.h"

#define SCM_RIGHTS 1
#define MSG_CTRUNC 0x8
#define MSG_NOSIGNAL 0x4000
#define MSG_CMSG_CLOEXEC 0x40000000

/* struct user_msghdr and struct cmsghdr of the kernel's include/linux/socket.h, which has no UAPI form. */
struct message {
	void *name;
	int name_length;
	struct {
		void *at;
		u64 length;
	} *parts;
	u64 part_count;
	void *control;
	u64 control_length;
	u32 flags;
};
struct control {
	u64 length;
	int level, type;
	int descriptors[MESSAGE_DESCRIPTORS];
};
#define CONTROL_HEADER offsetof(struct control, descriptors)

static int descriptor_count(const struct run *r, const struct step *s, i64 *count, void **fds)
{
	*count = number(r, s, 4);
	if (*count < 0 || *count > MESSAGE_DESCRIPTORS)
		return EINVAL;
	*fds = address(r, s, 3, *count * 4);
	return *count && !*fds ? EFAULT : 0;
}

int op_send(const struct run *r, const struct step *s, i64 *result)
{
	struct control control = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
	i64 length = number(r, s, 2), count;
	void *fds, *buffer = address(r, s, 1, length);
	__typeof__(*((struct message *)0)->parts) part = {buffer, (u64)length};
	struct message message = {.parts = &part, .part_count = 1};
	int error = descriptor_count(r, s, &count, &fds);
	long sent;

	if (error || !buffer)
		return error ? error : EFAULT;
	if (count) {
		memcpy(control.descriptors, fds, (size_t)count * 4);
		control.length = CONTROL_HEADER + (u64)count * 4;
		message.control = &control;
		message.control_length = control.length;
	}
	do
		sent = sys(sendmsg, number(r, s, 0), &message, MSG_NOSIGNAL);
	while (sent == -EINTR);
	*result = sent;
	return sent < 0 ? (int)-sent : 0;
}

int op_recv(const struct run *r, const struct step *s, i64 *result)
{
	struct control control; /* only its header is cleared: it is large */
	i64 length = number(r, s, 2), count;
	void *fds, *buffer = address(r, s, 1, length);
	__typeof__(*((struct message *)0)->parts) part = {buffer, (u64)length};
	struct message message = {.parts = &part, .part_count = 1};
	int error = descriptor_count(r, s, &count, &fds);
	i64 got = 0;
	long received;

	if (error || !buffer)
		return error ? error : EFAULT;
	control.length = 0;
	control.level = control.type = 0;
	if (count) {
		message.control = &control;
		message.control_length = CONTROL_HEADER + (u64)count * 4;
	}
	do
		received = sys(recvmsg, number(r, s, 0), &message, MSG_CMSG_CLOEXEC);
	while (received == -EINTR);
	if (received < 0)
		return (int)-received;
	if (message.control_length > CONTROL_HEADER && control.level == SOL_SOCKET && control.type == SCM_RIGHTS)
		got = (i64)(control.length - CONTROL_HEADER) / 4;
	if (message.flags & MSG_CTRUNC) {
		for (i64 i = 0; i < got; i++)
			sys(close, control.descriptors[i]);
		return EMSGSIZE;
	}
	if (got)
		memcpy(fds, control.descriptors, (size_t)got * 4);
	*result = received;
	set_second(r, s, got);
	return 0;
}
