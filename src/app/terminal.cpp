#include "app/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace surf::app
{

bool is_terminal(int descriptor)
{
    return ::isatty(descriptor) != 0;
}

std::size_t terminal_width(int descriptor)
{
    winsize size{};
    bool const known = is_terminal(descriptor) && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0;
    return known && size.ws_col > 0 ? size.ws_col : any_width;
}

}  // namespace surf::app
