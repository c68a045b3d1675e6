#include "support/session.hpp"

int main(int argc, char** argv)
{
    return surf::test::run_session(argc, argv, surf::test::Output::everything);
}
