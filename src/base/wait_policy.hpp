#pragma once

namespace surf
{

/// Has threads that wait for their share of a parallel loop sleep, not spin: the cores are other
/// ranks' too. To be called first in main, with its argv. libgomp reads OMP_WAIT_POLICY when it is
/// loaded, before main, so a program without it starts itself again; one with it has the last word.
void wait_asleep(char** arguments);

}  // namespace surf
