// Dumps by Breakpad's client for Linux.
//
//   breakpad FOLDER            crashes, and dumps itself to a file in the folder
//   breakpad PID THREAD FILE   dumps another process, which has not crashed
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "client/linux/handler/exception_handler.h"
#include "client/linux/minidump_writer/minidump_writer.h"

namespace {

bool Written(const google_breakpad::MinidumpDescriptor&, void*, bool succeeded) { return succeeded; }

void* Wait(void* name) {
  pthread_setname_np(pthread_self(), static_cast<const char*>(name));
  for (;;) pause();
}

__attribute__((noinline)) void Descend(int depth) {
  volatile char local[96];
  memset(const_cast<char*>(local), depth, sizeof local);
  if (depth == 0) *reinterpret_cast<volatile int*>(0x1234) = 1;
  Descend(depth - 1);
  local[3]++;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4) return google_breakpad::WriteMinidump(arguments[3], atoi(arguments[1]), atoi(arguments[2])) ? 0 : 1;
  google_breakpad::MinidumpDescriptor descriptor(arguments[1]);
  google_breakpad::ExceptionHandler handler(descriptor, nullptr, Written, nullptr, true, -1);
  char* block = static_cast<char*>(calloc(1, 4096));
  memset(block, 'b', 4096);
  handler.RegisterAppMemory(block, 4096);
  for (const char* name : {"first", "second", "third"}) {
    pthread_t thread;
    pthread_create(&thread, nullptr, Wait, const_cast<char*>(name));
  }
  usleep(200 * 1000);
  Descend(9);
}
