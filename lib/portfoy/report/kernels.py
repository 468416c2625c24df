"""Kernels for reports: forked from one process that has imported everything, or started the ordinary way.

On Linux and macOS a forked ("warm") kernel is ready in a fraction of a second, because what it would import is there
already. Windows cannot fork, and `isolated` asks for ordinary kernels anywhere. Both run the interpreter of the
command, whatever kernels the machine has installed, and both show the same.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import uuid

import psutil
import zmq
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from portfoy.locale import _
from portfoy.source import aside

NURSERY = "portfoy.report.nursery"
BACKEND = "module://matplotlib_inline.backend_inline"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PORTFOY_THREADS")
GONE = 255  # what multiprocessing says of a process whose nursery was killed: nobody is told how it ends
_warming = threading.Lock()


class Kernels:
    """The kernels of one run.

    Parameters
    ----------
    folder : Path, where what they write beside their messages goes
    isolated : bool, ordinary kernels even where they could be forked
    threads : int, how many threads the libraries in one kernel may use
    environment : dict of text, added to the environment of each kernel
    """

    def __init__(self, folder, *, isolated=False, threads=1, environment=None):
        self.folder, self.threads = folder, threads  # warmed up here, by a thread that stays: on Linux the nursery ...
        self.warm = not isolated and can_fork() and warm_up()  # ... ends with the one that started it
        self.environment = {**(environment or {}), **dict.fromkeys(THREADS, str(threads)), "MPLBACKEND": BACKEND}
        self.environment["IPYTHONDIR"] = str(folder / "ipython")  # nobody's start files, nothing in anybody's home
        self.managers, self.closed = [], False

    def close(self, *, at_once=False):
        """End the kernels that still live; none starts any more, and `at_once` no thread waits for the nursery."""
        self.closed = True
        for manager in self.managers:
            manager.kill()
        for child in psutil.Process().children() if at_once else ():
            with contextlib.suppress(psutil.Error):
                if any(NURSERY in part for part in child.cmdline()):
                    child.kill()

    def manager(self, *, warm=None):
        """A manager that starts one kernel of this run."""
        manager = Manager(kernel_name="python3", shutdown_wait_time=1.0)
        manager.kernels, manager.warm = self, self.warm if warm is None else warm
        manager.log_file = self.folder / f"kernel-{len(self.managers)}.log"
        manager.provisioner = _Provisioner(parent=manager, kernel_spec=manager.kernel_spec)
        self.managers.append(manager)
        return manager

    def call(self, function, *given, seconds):
        """Call a function in a process like that of a kernel: the status, as of a report, and what went wrong."""
        log = self.folder / f"{function.__name__}.log"
        code = self._exit_code(True, log, function, given, seconds) if self.warm else GONE
        if code == GONE:
            log.unlink(missing_ok=True)
            code = self._exit_code(False, log, function, given, seconds)
        if code in (0, 1):  # an error is the last line of what it wrote
            return ("failed", log.read_text("utf-8", "replace").strip().rpartition("\n")[2]) if code else ("ok", "")
        ended = _("the process was ended: exit code {code}").format(code=code)
        return ("timeout", _("the time ran out")) if code is None else ("kernel died", ended)

    def _exit_code(self, warm, log, function, given, seconds):
        """How a process ended, forked or not; None: it took too long."""
        context = _nursery() if warm else multiprocessing.get_context("spawn")
        about = (self.environment, os.getcwd(), str(log), self.threads)
        process = context.Process(target=_called, args=(function, given, *about), daemon=False)
        try:
            _start(process) if warm else process.start()
            process.join(seconds)
            return process.exitcode
        except RuntimeError:
            return GONE
        finally:
            if process.pid and process.exitcode in (None, GONE):
                _kill(process.pid)


class OwnKernels(AsyncKernelManager):
    """Kernels that run the interpreter of the command, whatever the machine has installed, and keep to themselves."""

    def __init__(self, **options):
        super().__init__(**options, transport_encryption="auto" if zmq.has("curve") else "disabled")
        self.connection_file = str(aside.folder() / f"kernel-{uuid.uuid4().hex}.json")  # cleared after a killed command

    @property
    def kernel_spec(self):
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        about = {"supported_encryption": "curve"}
        return KernelSpec(argv=launch, display_name="Python 3", language="python", metadata=about)


class Manager(OwnKernels):
    """Remembers the process it started, which may be forked from a warm one."""

    kernels = warm = log_file = process = None

    def client(self, **options):
        made = super().client(**options)
        made.iopub_channel_class = _Messages
        return made

    def kill(self):
        """End the kernel and whatever it started, at once."""
        if self.process is not None and (self.process.poll() is None or self.is_lost()):
            _kill(self.process.pid)

    def is_lost(self):
        """Whether its process went with the nursery, or will."""
        return self.warm and (self.process is None or self.process.poll() == GONE)

    def last_words(self):
        """How the process ended: its signal or exit code, and the last lines it wrote."""
        code = self.process.wait(timeout=5) if self.process is not None else None
        how = f"exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        written = self.log_file.read_text("utf-8", "replace").split("\n")[-12:] if self.log_file.exists() else []
        return how, "\n".join(written).strip()


class _Messages(AsyncZMQSocketChannel):
    """What a kernel publishes; once it is heard, waiting 0.2 s for more of its greetings is too long."""

    heard = False

    async def get_msg(self, timeout=None):
        message = await super().get_msg(timeout=0.02 if self.heard and timeout == 0.2 else timeout)
        self.heard = True
        return message


class _Provisioner(LocalProvisioner):
    """jupyter_client's own provisioner, whose process is forked where its manager says so."""

    async def wait(self):
        while self.process is not None and self.process.poll() is None:  # it is killed, so it ends at once
            await asyncio.sleep(0.005)
        return await super().wait()

    async def launch_kernel(self, cmd, **options):
        manager = self.parent
        if manager.kernels.closed:
            raise RuntimeError("the run is over")
        environment = {**options.pop("env", os.environ), **manager.kernels.environment}
        if manager.warm:
            self.process = _Forked(cmd, environment, options.get("cwd") or os.getcwd(), manager)
            self.pid = self.pgid = self.process.pid
        else:
            with manager.log_file.open("ab") as log:
                await super().launch_kernel(cmd, env=environment, stdout=log, stderr=log, **options)
        manager.process = self.process
        if manager.kernels.closed:  # in the meantime
            manager.kill()
        return self.connection_info


class _Forked:
    """A forked kernel, as a provisioner expects a subprocess.Popen to be."""

    stdin = stdout = stderr = None

    def __init__(self, cmd, environment, folder, manager):
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        given = (arguments, environment, folder, str(manager.log_file), manager.kernels.threads)
        self.process = _nursery().Process(target=_serve, args=given, daemon=False)
        _start(self.process)
        self.pid = self.process.pid

    def poll(self):
        return self.process.exitcode

    def wait(self, timeout=None):
        self.process.join(timeout)
        return self.process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.process.kill()

    def terminate(self):
        self.process.terminate()


def can_fork():
    """Whether this system has what warm kernels need."""
    return hasattr(os, "fork") and "forkserver" in multiprocessing.get_all_start_methods()


def warm_up():
    """Start the process that warm kernels are forked from, which imports while the command goes on; whether it could.

    Its socket is a file in the folder of this process, else it would outlive a killed command. A temporary folder may
    have too long a name for one.
    """
    from multiprocessing import forkserver

    _nursery()
    quiet = {**dict.fromkeys(THREADS, "1"), "MPLBACKEND": BACKEND, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
    with _warming:
        before, place = {name: os.environ.get(name) for name in quiet}, tempfile.tempdir
        os.environ.update(quiet)  # it takes over the environment of the command as it stands at its start
        tempfile.tempdir = str(aside.folder())
        try:
            forkserver.ensure_running()
            return True
        except OSError:
            return False
        finally:
            tempfile.tempdir = place
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _start(process):
    """Have a process forked by a nursery that lives; RuntimeError where it is killed just now."""
    try:
        warm_up()  # else a nursery that is started anew would lack its environment
        process.start()
    except (OSError, EOFError) as error:
        raise RuntimeError(f"{NURSERY}: {error}") from None


def _kill(pid):
    """End a process and the group that is its own, once it has one."""
    for end in (getattr(os, "killpg", None), os.kill):
        with contextlib.suppress(OSError, TypeError):
            end(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _nursery():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([NURSERY])
    return context


def _serve(arguments, *about):
    """Be a kernel; what runs in a forked process."""
    _settle(*about)
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *arguments]
    IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])  # else it gives advice


def _called(function, given, *about):
    """Call a function; what runs in a process of its own, whose exit code is 1 where it raises."""
    _settle(*about)
    function(*given)


def _settle(environment, folder, log, threads):
    """What a process of this run starts with."""
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own: Ctrl-C goes to the command, which then ends the kernels
    aside.end_with(os.getppid())
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # that of the nursery, where it has asked for it
    os.chdir(folder)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else all kernels would draw the same numbers
    if "duckdb" in sys.modules:
        sys.modules["duckdb"].execute(f"SET threads = {int(threads)}")
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
