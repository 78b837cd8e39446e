/* A disk that can be had full, slow or read-only, put before the C library by LD_PRELOAD.
 *
 * The first byte of the file "<this library>.mode" says how it is: 'f' full, 'r' read-only, 's' slow. It is for regular files
 * below a folder called "state" only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char mode(void) {
    static char path[4096];
    char how = '-';
    if (!path[0]) {
        const char *lib = getenv("LD_PRELOAD");
        if (!lib) return how;
        snprintf(path, sizeof path, "%s.mode", lib);
    }
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        if (syscall(SYS_read, fd, &how, 1) != 1) how = '-';
        syscall(SYS_close, fd);
    }
    return how;
}

static __thread char path[4096]; /* of the file last asked about; good enough for what is asked */

static int ours(int fd) {
    char link[64];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return strstr(path, "/state/") != 0;
}

/* 0, or the error of a write. */
static int refused(int fd) {
    char how = mode();
    if ((how != 'f' && how != 'r') || !ours(fd)) return 0;
    /* SQLite gives the room of this file back before it takes it again. */
    if (how == 'f' && strstr(path, ".db-shm")) return 0;
    return how == 'f' ? ENOSPC : EROFS;
}

static void waits(int fd) {
    if (mode() == 's' && ours(fd)) {
        struct timespec long_time = {0, 700000000};
        nanosleep(&long_time, 0);
    }
}

#define NEXT(type, name) static __typeof__(type) next; if (!next) next = (__typeof__(type))dlsym(RTLD_NEXT, name)
#define REFUSES(fd) do { int no = refused(fd); if (no) { errno = no; return -1; } } while (0)

ssize_t write(int fd, const void *bytes, size_t n) {
    NEXT(ssize_t (*)(int, const void *, size_t), "write");
    REFUSES(fd);
    return next(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
    NEXT(ssize_t (*)(int, const void *, size_t, off_t), "pwrite");
    REFUSES(fd);
    return next(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
    NEXT(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64");
    REFUSES(fd);
    return next(fd, bytes, n, at);
}

/* A full disk lets files be cut; one that is read-only does not. */
int ftruncate(int fd, off_t n) {
    NEXT(int (*)(int, off_t), "ftruncate");
    if (mode() == 'r') REFUSES(fd);
    return next(fd, n);
}

int ftruncate64(int fd, off64_t n) {
    NEXT(int (*)(int, off64_t), "ftruncate64");
    if (mode() == 'r') REFUSES(fd);
    return next(fd, n);
}

int fsync(int fd) {
    NEXT(int (*)(int), "fsync");
    waits(fd);
    return next(fd);
}

int fdatasync(int fd) {
    NEXT(int (*)(int), "fdatasync");
    waits(fd);
    return next(fd);
}
