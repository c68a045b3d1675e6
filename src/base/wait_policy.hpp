#pragma once

namespace surf
{

/// Has threads that wait for their share of a parallel loop sleep, not spin: the cores are other
/// ranks' too; and has all threads of a loop be there, however busy the machine is (OMP_DYNAMIC).
/// To be called first in main, with its argv. libgomp reads its variables when it is loaded, before
/// main, so the program starts itself again to change them; of OMP_WAIT_POLICY a user has the last
/// word.
void settle_threads(char** arguments);

}  // namespace surf
