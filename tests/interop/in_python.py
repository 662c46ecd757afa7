"""Asks a reader with an interface for Python about a dump: `in_python.py READER DUMP ANSWER [FOLDER...]`.

The interpreter is that of the reader, so this file uses nothing of its neighbours but `minidump.py`. Its facts are described
in `consumers.py`.
"""
import importlib.util
import io
import logging
import pickle
import re
import sys
from pathlib import Path


def python_minidump(path, _):
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.WARNING)
    from minidump.minidumpfile import MinidumpFile
    dump = MinidumpFile.parse(path)
    threads, memory, notes = {}, [], []
    for thread in dump.threads.threads if dump.threads else []:
        # It reads vector registers at wrong places.
        lines = str(thread.ContextObject).splitlines()
        found = (re.match(r'(R[0-9a-z]{1,2}|Rip|E[a-d][xip]|E[sd]i|E[bs]p|Seg[A-Z][a-z]|ContextFlags): (\w+)', line)
                 for line in lines)
        registers = {it[1]: it[2] for it in found if it}
        flags = registers.pop('ContextFlags', '0')
        threads[thread.ThreadId] = {'registers': registers, 'flags': int(flags, 0) if flags[:1].isdigit() else flags,
                                    'environment': thread.Teb}
    for segments in (dump.memory_segments_64, dump.memory_segments):
        for it in segments.memory_segments if segments else []:
            data = it.read(it.start_virtual_address, it.size, dump.file_handle)
            memory.append((it.start_virtual_address, data))
            if len(data) < it.size:
                notes.append('WARNING: memory is cut')
    facts = {}
    if dump.sysinfo:
        facts['system'] = (str(dump.sysinfo.ProcessorArchitecture), dump.sysinfo.MajorVersion, dump.sysinfo.BuildNumber)
    if dump.exception:
        records = ((it.ThreadId, it.ExceptionRecord) for it in dump.exception.exception_records)
        facts['exception'] = [(thread, str(it.ExceptionCode_raw), it.ExceptionAddress) for thread, it in records]
    modules = [(it.baseaddress, it.size, it.name, it.timestamp) for it in (dump.modules.modules if dump.modules else [])]
    return {'threads': threads, 'modules': modules, 'memory': memory, 'facts': facts,
            'notes': notes + [line for line in log.getvalue().splitlines() if re.match('(WARNING|ERROR|CRITICAL):', line)]}


GENERAL = 'Rax Rcx Rdx Rbx Rsp Rbp Rsi Rdi R8 R9 R10 R11 R12 R13 R14 R15 Rip Eax Ebx Ecx Edx Esi Edi Ebp Esp Eip'.split()


def udmp(path, _):
    import udmp_parser
    parser = udmp_parser.UserDumpParser()
    if not parser.Parse(path):
        return {'ok': False, 'notes': ['Parse returns false']}
    threads, memory, notes = {}, [], []
    for number, thread in parser.Threads().items():
        values = {it: getattr(thread.Context, it) for it in dir(thread.Context) if not it.startswith('_')}
        numbers = {name: value for name, value in values.items() if isinstance(value, int)}
        threads[number] = {'registers': {name: numbers.pop(name) for name in GENERAL if name in numbers},
                           'flags': numbers.pop('ContextFlags', 0), 'rest': numbers, 'environment': thread.Teb}
    for start, block in parser.Memory().items():
        data = bytes(parser.ReadMemory(start, block.DataSize) or b'') if block.DataSize else b''
        if data:
            memory.append((start, data))
        if len(data) < block.DataSize:
            notes.append('memory is cut')
    modules = [(base, it.SizeOfImage, it.ModuleName, it.TimeDateStamp) for base, it in parser.Modules().items()]
    return {'threads': threads, 'modules': modules, 'memory': memory, 'notes': notes,
            'facts': {'foreground': parser.ForegroundThreadId()}}


def lldb(path, folders):
    # Not `import minidump`: in other readers' folders that is another package.
    spec = importlib.util.spec_from_file_location('reader', Path(__file__).with_name('minidump.py'))
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    import lldb
    debugger, error = lldb.SBDebugger.Create(), lldb.SBError()
    debugger.SetAsync(False)
    debugger.HandleCommand('settings set target.load-script-from-symbol-file false')
    if folders:
        debugger.HandleCommand('settings append target.exec-search-paths ' + ' '.join(folders))
    target = debugger.CreateTarget('')
    process = target.LoadCore(path, error)
    if not error.Success() or not process.IsValid():
        return {'ok': False, 'notes': [str(error)]}
    threads, memory, notes = {}, [], []
    for thread in process:
        registers = {it.GetName(): it.GetValue() for group in thread.GetFrameAtIndex(0).GetRegisters() for it in group}
        frames = [(it.GetPC(), 'unknown', it.GetModule().GetFileSpec().basename) for it in list(thread)[:64]]
        threads[thread.GetThreadID()] = {'registers': registers, 'frames': frames, 'name': thread.GetName(),
                                         'stop': thread.GetStopDescription(200)}
    for start, size, _ in reader.Minidump(path).ranges():
        data = process.ReadMemory(start, size, error) if size else b''
        if not error.Success():
            notes.append(f'memory: {error}')
        elif data:
            memory.append((start, bytes(data)))
    modules = [(it.GetObjectFileHeaderAddress().GetLoadAddress(target), it.GetUUIDString(), it.GetFileSpec().fullpath)
               for it in target.module_iter()]
    facts = {'triple': target.GetTriple(), 'selected': process.GetSelectedThread().GetThreadID()}
    return {'threads': threads, 'modules': modules, 'memory': memory, 'facts': facts, 'notes': notes}


def main():
    sys.dont_write_bytecode = True
    which, path, answer, *folders = sys.argv[1:]
    # The folder of this script comes first, and has a module `minidump` of ours.
    sys.path.pop(0)
    facts = {'ok': True, 'notes': [], 'threads': {}, 'modules': [], 'memory': [], 'facts': {}}
    facts.update({'minidump': python_minidump, 'udmp': udmp, 'lldb': lldb}[which](path, folders))
    Path(answer).write_bytes(pickle.dumps(facts))


main()
