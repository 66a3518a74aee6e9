// Simulation only.
// Offers the words of a file in order; a word passes at an edge where valid and ready are high. BURST not 0: words pass
// without ready once it has risen, BURST of them, and the next burst waits until it has fallen and risen again.
module stream_source #(parameter WIDTH = 8, COUNT = 1, BURST = 0, GAPS = 0, SEED = 1, FILE = "") (
    input clk, input rst, input ready, output reg valid, output reg [WIDTH-1:0] data
);
    reg [WIDTH-1:0] words [0:COUNT-1];
    integer next = 0, left = 0, seed = SEED;
    reg fallen = 1;
    reg free;
    initial begin
        $readmemh(FILE, words);
        valid = 0;
        data = 0;
    end
    always @(posedge clk) begin
        if (!ready) fallen = 1;
        if (BURST != 0 && left == 0 && fallen && ready && !rst) begin
            left = BURST;
            fallen = 0;
        end
        free = (BURST != 0) ? 1 : !valid || ready;
        if (free) begin
            if (!rst && next < COUNT && (BURST == 0 || left > 0) && !((GAPS != 0) && ($random(seed) & 3) == 0)) begin
                valid <= #1 1;
                data <= #1 words[next];
                next = next + 1;
                left = left - 1;
            end else valid <= #1 0;
        end
    end
endmodule
