/* A Linux process to be dumped: named threads at different depths of recursion, a known block on the heap.
 *
 *   victim                       prints "ready PID ADDRESS SIZE" (of the block) and waits
 *   victim HANDLER DATABASE      crashes, and lets Crashpad's handler dump it
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, BLOCK = 64 * 1024 };

static const char *handler, *database;
static volatile int sum;

__attribute__((noinline)) static void descend(int depth)
{
    volatile unsigned char local[80];
    for (unsigned i = 0; i < sizeof local; i++)
        local[i] = (unsigned char)(depth + i);
    if (depth > 0) {
        descend(depth - 1);
        sum += local[7];
        return;
    }
    for (;;)
        pause();
}

static void *worker(void *number)
{
    char name[16];
    snprintf(name, sizeof name, "worker-%d", (int)(intptr_t)number);
    pthread_setname_np(pthread_self(), name);
    descend(3 * (int)(intptr_t)number);
    return NULL;
}

/* What Crashpad calls ExceptionInformation: it is not padded. */
struct information {
    uint64_t siginfo, context;
    int32_t thread;
} __attribute__((packed));

/* The handler is a child that reads its parent. */
static void crashed(int signal, siginfo_t *info, void *context)
{
    static struct information information;
    char where[64], folder[4096];
    (void)signal;
    information.siginfo = (uint64_t)(uintptr_t)info;
    information.context = (uint64_t)(uintptr_t)context;
    information.thread = (int32_t)syscall(SYS_gettid);
    snprintf(where, sizeof where, "--trace-parent-with-exception=%p", (void *)&information);
    snprintf(folder, sizeof folder, "--database=%s", database);
    pid_t child = fork();
    if (child == 0) {
        execl(handler, handler, where, folder, "--annotation=product=victim", "--no-periodic-tasks", "--no-rate-limit", (char *)NULL);
        _exit(1);
    }
    prctl(PR_SET_PTRACER, child, 0, 0, 0);
    waitpid(child, NULL, 0);
    _exit(0);
}

int main(int argc, char **argv)
{
    /* So that a process that is not an ancestor may dump this one. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    unsigned char *block = malloc(BLOCK);
    for (int i = 0; i < BLOCK; i++)
        block[i] = (unsigned char)(i * 13 + 5);
    void *readonly = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(readonly, 4096, PROT_READ);
    for (intptr_t number = 1; number <= THREADS; number++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, (void *)number);
    }
    usleep(200 * 1000);
    printf("ready %d %p %d\n", getpid(), (void *)block, (int)BLOCK);
    fflush(stdout);
    if (argc == 3) {
        struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO };
        handler = argv[1];
        database = argv[2];
        sigaction(SIGSEGV, &action, NULL);
        *(volatile int *)0x1234 = 1;
    }
    for (;;)
        pause();
}
