/* A Windows program that dumps itself with MiniDumpWriteDump.
 *
 *   windows        crashes, and writes wine-normal.dmp and wine-full.dmp to the current folder
 *   windows wait   prints its process ID and waits for ten seconds
 */
#include <windows.h>
#include <dbghelp.h>
#include <stdio.h>

static const MINIDUMP_TYPE full = MiniDumpWithFullMemory | MiniDumpWithFullMemoryInfo | MiniDumpWithHandleData
    | MiniDumpWithThreadInfo | MiniDumpWithUnloadedModules;

static DWORD WINAPI worker(void *unused)
{
    (void)unused;
    Sleep(INFINITE);
    return 0;
}

static void dump(const char *path, MINIDUMP_TYPE type, EXCEPTION_POINTERS *pointers)
{
    MINIDUMP_EXCEPTION_INFORMATION exception = { GetCurrentThreadId(), pointers, FALSE };
    char text[] = "a comment";
    MINIDUMP_USER_STREAM stream = { CommentStreamA, sizeof text, text };
    MINIDUMP_USER_STREAM_INFORMATION streams = { 1, &stream };
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (!MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, type, &exception, &streams, NULL))
        printf("%s: error %lu\n", path, GetLastError());
    CloseHandle(file);
}

static LONG WINAPI crashed(EXCEPTION_POINTERS *pointers)
{
    dump("wine-normal.dmp", MiniDumpNormal, pointers);
    dump("wine-full.dmp", full, pointers);
    ExitProcess(0);
}

int main(int count, char **arguments)
{
    (void)arguments;
    for (int i = 0; i < 3; i++)
        CreateThread(NULL, 0, worker, NULL, 0, NULL);
    Sleep(300);
    if (count > 1) {
        printf("ready %lu\n", GetCurrentProcessId());
        fflush(stdout);
        Sleep(10000);
        return 0;
    }
    SetUnhandledExceptionFilter(crashed);
    *(volatile int *)0x1234 = 1;
    return 0;
}
