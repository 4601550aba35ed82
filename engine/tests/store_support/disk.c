/* A disk that fails when told to: preloaded into a process, it refuses to write to files while a file named "full" is in
 * the folder that JUICE_FAULTS names, and to sync them while one named "failing" is there. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int told(const char *fault) {
    const char *folder = getenv("JUICE_FAULTS");
    char path[4096];
    if (folder == NULL || snprintf(path, sizeof path, "%s/%s", folder, fault) >= (int)sizeof path)
        return 0;
    return access(path, F_OK) == 0;
}

static int refused(int fd, const char *fault) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && told(fault);
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    if (refused(fd, "full")) {
        errno = ENOSPC;
        return -1;
    }
    return NEXT(write, ssize_t (*)(int, const void *, size_t))(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    if (refused(fd, "full")) {
        errno = ENOSPC;
        return -1;
    }
    return NEXT(pwrite, ssize_t (*)(int, const void *, size_t, off_t))(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    if (refused(fd, "full")) {
        errno = ENOSPC;
        return -1;
    }
    return NEXT(pwrite64, ssize_t (*)(int, const void *, size_t, off64_t))(fd, bytes, count, at);
}

int fsync(int fd) {
    if (refused(fd, "failing")) {
        errno = EIO;
        return -1;
    }
    return NEXT(fsync, int (*)(int))(fd);
}

int fdatasync(int fd) {
    if (refused(fd, "failing")) {
        errno = EIO;
        return -1;
    }
    return NEXT(fdatasync, int (*)(int))(fd);
}
