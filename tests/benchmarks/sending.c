/* The least that a delivery takes: one `send` of ready bytes to each socket. Built and called by senders.py. */

#include <stddef.h>
#include <sys/socket.h>

void fan_out(size_t count, const int *sockets, const char *const *frames, const size_t *sizes) {
    for (size_t i = 0; i < count; i++) send(sockets[i], frames[i], sizes[i], MSG_NOSIGNAL | MSG_DONTWAIT);
}
