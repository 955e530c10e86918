"""The kernel that chapters run in."""

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


class ThisPython(AsyncKernelManager):
    """Starts kernels with the Python that runs this program, whatever `python3` kernels the machine has registered."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    def _transport_encryption_default(self) -> str:
        return "auto"  # a kernel without it prints a warning at every start
