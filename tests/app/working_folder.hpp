#pragma once

#include <filesystem>

namespace surf::test
{

/// The current folder, for the life of the object.
class WorkingFolder
{
  public:
    explicit WorkingFolder(std::filesystem::path const& folder)
        : before_(std::filesystem::current_path())
    {
        std::filesystem::current_path(folder);
    }
    ~WorkingFolder() { std::filesystem::current_path(before_); }
    WorkingFolder(WorkingFolder const&) = delete;
    WorkingFolder& operator=(WorkingFolder const&) = delete;

  private:
    std::filesystem::path before_;
};

}  // namespace surf::test
