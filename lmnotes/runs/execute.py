"""The process that executes one notebook, started by runs.watch.

It reads its job as one line of JSON from standard input, writes what happens as lines of JSON to
standard output, and ends with its parent.
"""

import json
import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from lmnotes import parallel, times

CONNECTION = ".kernel.json"
_PRINTED = 20_000  # characters of a cell's that are handed on
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def main() -> int:
    """Execute the notebook of the job, write its page, and return the exit code."""
    parallel.end_with(int(sys.argv[1]))
    channel = os.fdopen(os.dup(1), "w", buffering=1)  # what the kernel prints must not get into it
    os.dup2(2, 1)

    def say(**message: object) -> None:
        print(json.dumps(message), file=channel, flush=True)

    job = json.loads(sys.stdin.readline())
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns of types that it cannot parse
    failure = _execute(job, say)
    try:
        if (path := Path(job["output"])).is_file():
            with times.measured("page"):
                from lmnotes.runs import page

                page.write(path, path.with_suffix(".html"), up="../index.html")
    except Exception as error:
        failure = failure or {"error": f"the page could not be written: {_one_line(error)}"}
    times.note("launcher", seconds=0, cpu=time.process_time())
    say(**(failure or {}), status="failed" if failure else "ok")
    return 1 if failure else 0


def _execute(job: dict, say) -> dict | None:
    """Run the notebook's cells; None, or the cell that failed and its error."""
    import papermill
    from papermill.engines import papermill_engines

    reached: dict = {}
    papermill_engines.register("lmnotes", _engine(say, reached))
    try:
        how: dict = {"engine_name": "lmnotes", "kernel_name": "python3", "language": "python"}
        how |= {"parameters": job["parameters"], "cwd": job["cwd"], "progress_bar": False}
        how |= {"start_timeout": 180, "iopub_timeout": 120}  # 4 are too few on a busy machine
        how["kernel_manager_class"] = _kernel_manager(Path(job["output"]).with_name(CONNECTION))
        papermill.execute_notebook(job["notebook"], job["output"], **how)
    except papermill.PapermillExecutionError as error:
        text = _one_line(f"{error.ename}: {error.evalue}")
        return {"cell": error.exec_count, "line": times.first_line(error.source), "error": text}
    except Exception as error:  # the kernel died, or never came up
        text = f"{type(error).__name__}: {_one_line(error)}"
        if type(error).__name__ == "DeadKernelError":
            text = "the kernel died, most often for lack of memory: try smaller parameters"
        return {**reached, "error": text}
    return None


def _engine(say, reached: dict) -> type:
    """A papermill engine that says which cell it has come to."""
    from papermill.engines import NBClientEngine

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
            begin, complete = nb_man.cell_start, nb_man.cell_complete
            number, section, start = 0, "", 0.0

            def cell_start(cell, cell_index=None, **rest):
                nonlocal number, section, start
                number += cell.cell_type == "code"
                if cell.cell_type == "markdown" and (line := _HEADING.search(cell.source)):
                    section = line[1].replace("$", "")
                line = times.first_line(cell.source)
                reached.update(cell=number, line=line)
                say(at=cell_index, of=len(nb_man.nb.cells), line=line, cell=number, section=section)
                start = time.monotonic()
                return begin(cell, cell_index=cell_index, **rest)

            def cell_complete(cell, cell_index=None, **rest):
                printed = "".join(out.get("text", "") for out in cell.get("outputs", ()))
                if cell.cell_type == "code":
                    say(done=number, seconds=time.monotonic() - start, printed=printed[-_PRINTED:])
                return complete(cell, cell_index=cell_index, **rest)

            nb_man.cell_start, nb_man.cell_complete = cell_start, cell_complete
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    return Engine


def _kernel_manager(connection: Path) -> type:
    """A kernel manager whose kernel is this interpreter, whatever kernels the user installed.

    Its connection file lies in the run's folder, where a killed run leaves no stray.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    class Started(LocalProvisioner):
        async def launch_kernel(self, cmd, *, env, cwd=None, **_):
            env = env | {"JPY_PARENT_PID": str(parallel.server or os.getpid())}
            how = {"stdin": subprocess.PIPE, "env": env, "cwd": cwd and str(cwd)}
            self.process = parallel.popen(*cmd, **how)
            self.pid = self.pgid = self.process.pid
            return self.connection_info

    class ThisPython(AsyncKernelManager):
        def __init__(self, **settings):
            super().__init__(connection_file=str(connection), **settings)
            spec = self.kernel_spec
            self.provisioner = Started(kernel_id="", kernel_spec=spec, parent=self)

        @property
        def kernel_spec(self):
            argv = ["ipykernel.kernelapp:launch_new_instance", "-f", "{connection_file}"]
            names = {"display_name": "Python 3 (ipykernel)", "name": "python3"}
            return KernelSpec(argv=argv, language="python", **names)

    return ThisPython


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:600]
