#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/job/job.hpp"
#include "spec/generator.hpp"

/// Options of the commands import and export, which read no job.
namespace surf::app
{

/// What import is asked for.
struct ImportRequest
{
    std::filesystem::path network;  ///< a layer list (*.json) or a TorchScript program (*.pt)
    std::string label;
    std::filesystem::path out;  ///< a file *.h5, or a folder
    Prior prior = Prior::uniform;
    ValueRange range;
    // Of a program, which does not say them itself.
    std::optional<std::int64_t> latent_dim;
    std::optional<Shape> image;
    std::vector<std::int64_t> steps;  ///< one a checkpoint
    std::string origin;
    std::vector<std::filesystem::path> checkpoints;

    bool is_program() const { return network.extension() == ".pt"; }
};

/// What export is asked for.
struct ExportRequest
{
    std::filesystem::path chain;
    std::optional<std::int64_t> snapshot;  ///< the last if there is none
    std::filesystem::path out;             ///< *.safetensors
};

/// Takes the command's own options out of the settings. `checkpoints` are the words behind
/// "import". Throws InputError naming the option that is missing or cannot be used.
ImportRequest take_import(Settings& given, std::vector<std::string> const& checkpoints);
/// Likewise.
ExportRequest take_export(Settings& given);

/// Throws InputError naming the first option of import or export that is left, and the command,
/// which does not read it.
void refuse_chain_options(Settings const& given, std::string_view command);

}  // namespace surf::app
